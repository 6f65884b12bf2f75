"""Hospitals: study tables from FHIR, and what people agreed to as FHIR."""
