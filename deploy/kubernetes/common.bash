# What `upgrade` and `scale` have in common. Sourced by them.
#
# KVNODE_NAMESPACE, KVNODE_INSTANCE   which deployment; both `kvnode` unless told otherwise

namespace=${KVNODE_NAMESPACE:-kvnode}
selector="app.kubernetes.io/name=kvnode,app.kubernetes.io/instance=${KVNODE_INSTANCE:-kvnode}"
program=$(basename "$0")

fail() { echo "$program: $*" >&2; exit 1; }
say() { echo "$program: $*"; }
kube() { kubectl --namespace "$namespace" "$@"; }

# kvnode POD ARGUMENT...: the command line, where the node is; the pod's environment says how it is reached.
kvnode() { local pod=$1; shift; kube exec "$pod" --container kvnode -- kvnode "$@"; }

names() { kube get "$1" --selector "$selector" --output 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' | sort --version-sort; }

# The members as the node of the pod sees them, those left out that are still to join.
members() { kvnode "$1" cluster members | awk 'NR > 1 && $2 != "joining" {print $1}'; }

# settled POD: whether no member has anything to tell. All are connected, none copies, none keeps hints, no change is open. Prints what
# is to be told. The pod's node says who is a member.
settled() {
    local pod told=0
    members "$1" >"$folder/members" && [[ -s $folder/members ]] || { echo "$1 does not answer, or knows no members"; return 1; }
    while IFS= read -r pod; do
        kvnode "$pod" cluster status >"$folder/status" 2>&1 </dev/null && continue
        { grep '^!' "$folder/status" || tail -n 1 "$folder/status"; } | sed "s/^/$pod: /"
        told=1
    done <"$folder/members"
    return "$told"
}

# wait_for WHAT COMMAND...: until the command succeeds. What it prints is told once in a while.
wait_for() {
    local tries=0
    until "${@:2}" >"$folder/told" 2>&1; do
        ((tries++ % 12)) || { say "waiting for $1:"; sed 's/^/  /' "$folder/told"; }
        ((tries < ${KVNODE_TRIES:-720})) || fail "gave up waiting for $1"
        sleep "${KVNODE_PAUSE:-5}"
    done
}

wait_settled() { wait_for "the nodes to settle" settled "$1"; }

# Exit code 2 of status: it has something to tell.
answers() { kvnode "$1" cluster status || [[ $? == 2 ]]; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v kubectl >/dev/null || fail "there is no kubectl"
