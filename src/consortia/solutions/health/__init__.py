"""Hospitals: study tables from FHIR and OMOP, and what people agreed to as FHIR."""
