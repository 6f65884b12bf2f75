"""FHIR R4: bundles and NDJSON in, as study tables by a mapping; Consent, AuditEvent and Provenance out.

The reader goes by the elements that a study needs and names the element where one is wrong; it is no
validator of the profiles, and passes over what no mapping asks for.

Source: HL7 FHIR R4 (4.0.1), Bundle, Patient, Observation, Condition; Bulk Data (NDJSON).
"""
