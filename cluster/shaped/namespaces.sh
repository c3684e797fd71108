# SPDX-License-Identifier: MIT
# Machines that are not there: network namespaces around a switch, each with a port of a given speed.
# To be sourced by bash; needs root, iproute2 and, for delays, python3.
#
#   source cluster/shaped/namespaces.sh
#   shaped_up 3 1gbit                     # a coordinator and workers 0, 1, 2, all with 1 Gbit/s ports
#   shaped_start w0 bitnet-worker --listen "$(shaped_address w0):7101" …      # its process is $shaped_pid
#   shaped_delay w0 5 8101 7101           # port 8101 is port 7101, 5 ms further away in either direction
#   shaped_in c bitnet-coord …
#   shaped_down
#
# A port's queue holds 50 ms at its speed, as switches with large buffers do: who fills it makes others wait.

shaped_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shaped_prefix=${SHAPED_PREFIX:-bn}
shaped_relays=()

# shaped_up COUNT RATE [COORDINATOR-RATE]: rates as tc writes them; the coordinator has as much as the workers.
shaped_up() {
    local count=$1 rate=$2 own=${3:-$2} index
    shaped_down
    ip netns add "${shaped_prefix}-switch"
    ip -n "${shaped_prefix}-switch" link add bridge type bridge
    ip -n "${shaped_prefix}-switch" link set bridge up
    shaped_port c "$own"
    for ((index = 0; index < count; index++)); do shaped_port "w$index" "$rate"; done
}

# The address of c, w0, w1, …
shaped_address() {
    case $1 in
    c) echo 10.97.0.1 ;;
    w*) echo "10.97.0.$((10 + ${1#w}))" ;;
    esac
}

# Runs a command on a machine.
shaped_in() {
    local name=$1
    shift
    ip netns exec "${shaped_prefix}-$name" "$@"
}

# Starts a command on a machine, in the background; $shaped_pid is its process.
shaped_start() {
    local name=$1
    shift
    ip netns exec "${shaped_prefix}-$name" "$@" &
    shaped_pid=$!
}

# shaped_delay NAME MILLISECONDS PORT TARGET-PORT: on that machine, PORT is TARGET-PORT further away.
shaped_delay() {
    local address
    address=$(shaped_address "$1")
    shaped_start "$1" python3 "$shaped_here/delay.py" "$address:$3" "$address:$4" "$2"
    shaped_relays+=("$shaped_pid")
}

shaped_down() {
    local pid name
    for pid in "${shaped_relays[@]}"; do kill "$pid" 2>/dev/null || true; done
    shaped_relays=()
    for name in $(ip netns list | awk -v prefix="$shaped_prefix-" 'index($1, prefix) == 1 { print $1 }'); do
        ip netns del "$name"
    done
}

shaped_port() {
    local name=$1 rate=$2 machine="${shaped_prefix}-$1" switch="${shaped_prefix}-switch"
    ip netns add "$machine"
    ip -n "$switch" link add "$name" type veth peer name eth0 netns "$machine"
    ip -n "$switch" link set "$name" master bridge up
    ip -n "$machine" address add "$(shaped_address "$name")/24" dev eth0
    ip -n "$machine" link set eth0 up
    ip -n "$machine" link set lo up
    [ "$rate" = unlimited ] && return
    # Both ways: what the machine sends, and what the switch sends to it.
    tc -n "$machine" qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 50ms
    tc -n "$switch" qdisc add dev "$name" root tbf rate "$rate" burst 256kb latency 50ms
}
