"""`python -m angkut_infra`: the command line, found by the interpreter that runs the stack."""

from angkut_infra.cli import main

main()
