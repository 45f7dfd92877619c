#!/bin/sh
# sh -> node: the shell stays as the parent (no exec), as in many container entry points. usage: spawn-chain.sh SCRIPT [ARGUMENT...]
node "$@"
exit $?
