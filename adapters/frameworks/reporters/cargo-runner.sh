# Cargo starts this in place of a test program. It runs nothing: it writes down what cargo would have run, from which
# directory and with which environment, so that the driver can start the same program in the same way later.
set -e
file=$(mktemp "$BATON_CARGO_DIR/XXXXXXXX")
{ printf '%s\0%s\0' "$1" "$PWD"; env -0; } > "$file"
