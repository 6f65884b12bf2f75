"""Supply chains: events of goods on their way, as EPCIS 2.0 has them."""
