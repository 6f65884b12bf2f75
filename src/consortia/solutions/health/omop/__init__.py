"""The OMOP common data model: its tables as CSV files in, as study tables by a mapping.

Eight of its tables are read, by the columns that a study needs, and dates alone: its times have no zone.
The reader is no validator of the model, and passes over tables and rows that no mapping asks for.

Source: OHDSI, OMOP Common Data Model 5.4, clinical data tables.
"""
