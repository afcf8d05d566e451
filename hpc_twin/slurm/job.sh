# Alike in every job of hpc-twin: begin, or go on from the newest checkpoint; queue again when the wall time ends or when a
# rank or a node is lost, unless three starts in a row found the same checkpoint. In the folder of the run, "starts"
# counts them, and the last line of "jobs" is the job that goes on.
tries=3
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID} # the number of an array's last task is the array's
job=${job:-$SLURM_JOB_ID}
if [ "$(id -u)" = 0 ]; then # mostly in a container: Open MPI wants to be told, and ranks may not read each other's memory
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
fi
tell() { echo "[$(date '+%F %T')] job $SLURM_JOB_ID: $*"; }

newest() { # the newest checkpoint, or "none"
    local found
    found=$(ls "$run/checkpoints" 2>/dev/null | grep -x '[0-9]*' | sort -n | tail -n 1)
    echo "${found:-none}"
}

count_starts() { # in a row, from the same checkpoint; by SLURM's count of all where the disk takes no more
    local count from
    checkpoint=$(newest) starts=1
    if [ -s "$run/starts" ]; then
        read -r count from <"$run/starts"
        [ "$from" != "$checkpoint" ] || starts=$((count + 1))
    fi
    note_starts "$starts $checkpoint" || { starts=$((${SLURM_RESTART_COUNT:-0} + 1)); tell "cannot write in $run"; }
}

note_starts() { { echo "$1" >"$run/.starts" && mv -f "$run/.starts" "$run/starts"; } 2>/dev/null; }

control() (trap '' TERM; exec scontrol "$@") # the SIGTERM of a requeue reaches who asked for it, too

fact() { control --oneliner show job "$job" | tr ' ' '\n' | sed -n "s/^$1=//p" | head -n 1; } # what SLURM knows of this job

by_slurm() { # whether SLURM has queued the job again (scontrol requeue, preemption), or is about to take its nodes away
    local restarts preempted
    restarts=$(fact Restarts) preempted=$(fact PreemptTime)
    if [ "${restarts:-0}" -gt "${SLURM_RESTART_COUNT:-0}" ]; then
        tell "stopped at checkpoint $(newest), SLURM has queued it again"
        note_starts "0 $(newest)" || : # it is no failure of the run
    elif [ "${preempted:-None}" != None ]; then
        tell "stopped at checkpoint $(newest), for a job that goes first"
        note_starts "0 $(newest)" || :
        queue_again
    else
        return 1
    fi
}

queue_again() { # this job, or where that is not allowed another one after it
    local next index=${SLURM_ARRAY_TASK_ID:-}
    queued=1
    if control requeue "$job"; then
        tell "queued again"
    elif next=$(sbatch --parsable --dependency="afterany:$job" ${index:+"--array=$index"} "$script"); then
        next=${next%%;*}${index:+_$index}
        echo "$next" >>"$run/jobs" || tell "cannot note its number in $run/jobs"
        tell "job $next goes on after this one"
        code=0
    else
        tell "cannot be queued again from here; do it by hand: sbatch $script"
    fi
}

hear() { # USR1: the wall time ends soon; USR2: write a checkpoint; TERM: it is over, or the job was cancelled
    interrupted=1
    if [ "$1" != TERM ]; then
        tell "SIG$1: asks for a checkpoint"
        [ -z "$child" ] || kill -s "$1" "$child"
    elif [ "$(squeue --noheader --states=all --jobs="$job" --format=%r)" = TimeLimit ]; then
        tell "the wall time is over"
        queue_again
    else
        cancelled=1
    fi
}

count_starts
if [ "$starts" -gt "$tries" ]; then
    tell "gives up: $tries starts in a row from checkpoint $checkpoint"
    exit 1
fi
tell "$SLURM_NTASKS ranks on $SLURM_JOB_NODELIST, checkpoint: $checkpoint"
cancelled= queued= child=
for signal in USR1 USR2 TERM; do trap "hear $signal" "$signal"; done
"${launcher[@]}" "${program[@]}" "${words[@]}" --out "$run" --continue &
child=$!
while interrupted=; wait "$child"; code=$?; [ "$interrupted" ] && [ "$code" -gt 128 ]; do :; done

case $code in
    0) tell "done" ;;
    2 | 3) tell "failed, and would fail again: look above" ;;
    *)
        if [ "$queued" ]; then
            :
        elif by_slurm; then
            :
        elif [ "$cancelled" ] || [ "$code" = 130 ]; then
            tell "stopped at checkpoint $(newest); to go on: sbatch $script"
        elif [ "$starts" -ge "$tries" ] && [ "$(newest)" = "$checkpoint" ]; then
            tell "gives up: $tries starts in a row from checkpoint $checkpoint, exit code $code"
        else
            if [ "$code" = 75 ]; then
                tell "stopped at checkpoint $(newest) (mpirun calls it an abort: it is none)"
            else
                tell "a rank or a node was lost: exit code $code"
            fi
            queue_again
        fi
        ;;
esac
exit "$code"
