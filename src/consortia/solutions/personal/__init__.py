"""Personal services: item statistics by masked sums, consent as a credential, reasons, and one's own log."""
