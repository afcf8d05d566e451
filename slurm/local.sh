#!/usr/bin/env bash
# A SLURM of this machine alone, to learn and to test with; nothing outside DIR is touched:
#     slurm/local.sh start [DIR]    start munged, slurmctld and slurmd; print how to use them
#     slurm/local.sh stop  [DIR]    end them, with their jobs
# DIR is .slurm by default. CPUS=8 pretends to eight cores, NODES=2 to two nodes of so many, each with a slurmd of its own.
# Jobs of the partition "urgent" go before those of "main", which are asked for a checkpoint and queued again.
# Needs slurm-wlm and munge (`make slurm` installs them).
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
dir=$(realpath -m "${2:-.slurm}")
host=$(hostname -s)
nodes=${NODES:-1} cpus=${CPUS:-$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)} # nproc heeds these

stop() { printf 'error: %s\n' "$*" >&2; exit 2; }

names() { echo "$host"; seq -f "$host-%g" 2 "$nodes"; } # Open MPI itself starts ranks on what is called like the host

configure() {
    local port=$((20000 + RANDOM % 12000)) own # below those that Linux gives to whoever asks, as Open MPI does
    own=$port
    cat >"$dir/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/spool/%n.tmp
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=2,batch_sched_delay=1,default_queue_depth=1000
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
KillWait=10
MinJobAge=3600
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 GraceTime=60
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF
$(for name in $(names); do
    echo "NodeName=$name NodeHostname=$host NodeAddr=127.0.0.1 Port=$((own += 1)) CPUs=$cpus State=UNKNOWN"
done)
CONF
    dd if=/dev/urandom of="$dir/munge.key" bs=128 count=1 status=none
    chmod 600 "$dir/munge.key"
}

start() {
    for tool in munged slurmctld slurmd sbatch; do
        command -v "$tool" >/dev/null || stop "$tool is missing: apt-get install slurm-wlm munge"
    done
    [ ! -e "$dir/slurm.conf" ] || stop "$dir holds a SLURM already: slurm/local.sh stop $dir"
    mkdir -p "$dir/state"
    for name in $(names); do mkdir -p "$dir/spool/$name.tmp"; done
    configure
    munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
        --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" 2>>"$dir/munged.log" || stop "see $dir/munged.log"
    export SLURM_CONF=$dir/slurm.conf
    slurmctld -c || stop "see $dir/slurmctld.log"
    for name in $(names); do slurmd -N "$name" || stop "see $dir/slurmd.$name.log"; done
    for _ in $(seq 100); do
        if [ "$(sinfo --noheader --Node --format=%T 2>/dev/null | sort -u)" = idle ]; then
            echo "a SLURM of $nodes node(s) of $cpus cores runs in $dir; to use it:"
            echo "    export SLURM_CONF=$dir/slurm.conf"
            return
        fi
        sleep 0.2
    done
    stop "its nodes do not come up: see $dir/slurmctld.log and $dir/slurmd.*.log"
}

end_process() {
    kill "$1" 2>/dev/null || return 0
    for _ in $(seq 100); do
        grep -qs '^State:.[^Z]' "/proc/$1/status" || return 0
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
}

end() {
    [ -e "$dir/slurm.conf" ] || stop "$dir holds no SLURM"
    export SLURM_CONF=$dir/slurm.conf
    timeout 10 scancel --quiet --user="$(id -un)" --signal=KILL --full || true
    timeout 10 scancel --quiet --user="$(id -un)" || true
    for file in "$dir"/slurmd.*.pid "$dir"/{slurmctld,munged}.pid; do
        if [ -s "$file" ]; then end_process "$(cat "$file")"; fi
    done
    rm -rf "$dir"/{state,spool,slurm.conf} "$dir"/munge* "$dir"/slurm*.{log,pid}
    rmdir --ignore-fail-on-non-empty "$dir"
}

case ${1:-} in
    start) start ;;
    stop) end ;;
    *) stop "slurm/local.sh start|stop [DIR]" ;;
esac
