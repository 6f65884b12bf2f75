"""ISO 20022 messages: payments (pacs.008, pacs.009, pain.001), statements (camt.053, camt.054), in and out.

The reader goes by the names of elements and tolerates any version of a message, any envelope around it and
any prefix; it holds a message to the rules that money depends on, and names the element and the rule where
one is broken. It is no validator of the schemas.

Source: ISO 20022 message definitions; ISO 4217 (currencies), ISO 9362 (BIC), ISO 13616 (IBAN).
"""
