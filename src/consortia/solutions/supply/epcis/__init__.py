"""EPCIS 2.0 events (GS1): their names in one form, and the hash by which partners name an event alike."""
