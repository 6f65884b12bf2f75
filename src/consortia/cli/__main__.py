"""`python -m consortia.cli`: the command line without its installed script."""

from consortia.cli import main

main()
