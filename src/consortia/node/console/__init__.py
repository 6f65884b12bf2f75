"""The console: pages for people, made by the node itself from what its ledger and its index say.

Pages are whole without a script; a script only keeps them fresh, and checks proofs in the browser.
"""
