/* lockwait.pml: bounded waiting for the writer lock, which is flock(LOCK_NB) plus a futex word.
 *
 * `lw`: bit 0 = "somebody may wait", the rest counts wake-ups; here it wraps after 4, so reuse of
 * a value is part of what is checked. A waiter: fetch_or(1), try the lock, FUTEX_WAIT, from the
 * start. The unlocker: unlock, look at the bit, exchange it away, wake one if it was still set.
 * Unlike `event` in wait.pml the word is exchanged without the lock: several unlockers may race.
 *
 * One step = one system call or one access to `lw`. STEP(x) either does x or is where the process
 * dies; the kernel then frees its flock and wakes nobody.
 *
 * L1: nobody sleeps while the lock is free, except after a death, and then at most the cap
 * (10 ms). Clock runs only when nothing else can, asserts exactly that, and lets the cap expire. */
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef PROCS
#define PROCS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2                 /* times each process wants the lock */
#endif
#ifdef M_NO_CAP
#define CAP false
#else
#define CAP true
#endif

byte lock, lw, deaths;
bit asleep[PROCS + 1];

#define DIE deaths < DEATHS -> deaths++; if :: lock == id -> lock = 0 :: else fi; goto dead
#define STEP(x) if :: atomic { x } :: atomic { DIE } fi
#if PROCS == 3
#define WAKE_ONE if :: asleep[1] -> asleep[1] = 0 :: asleep[2] -> asleep[2] = 0 \
                    :: asleep[3] -> asleep[3] = 0 :: else fi
#define ANY_ASLEEP (asleep[1] || asleep[2] || asleep[3])
#define CAP_EXPIRES asleep[1] = 0; asleep[2] = 0; asleep[3] = 0
#else
#define WAKE_ONE if :: asleep[1] -> asleep[1] = 0 :: asleep[2] -> asleep[2] = 0 \
                    :: asleep[3] -> asleep[3] = 0 :: asleep[4] -> asleep[4] = 0 :: else fi
#define ANY_ASLEEP (asleep[1] || asleep[2] || asleep[3] || asleep[4])
#define CAP_EXPIRES asleep[1] = 0; asleep[2] = 0; asleep[3] = 0; asleep[4] = 0
#endif

proctype Process(byte id) {
  byte e, old, round;
  bit last;                                        /* the deadline has passed: one more try */
again:
  if :: round == ROUNDS -> goto done :: else -> round++ fi;
try_first:
  if                                               /* nobody there: no futex word involved */
  :: atomic { lock == 0 -> lock = id; goto held }
  :: atomic { lock != 0 -> skip }
  fi;
wait:
  STEP(lw = lw / 2 * 2 + 1; e = lw);               /* fetch_or(1), before *every* try */
#ifndef M_NO_RETRY
  if
  :: atomic { lock == 0 -> lock = id; goto held }
  :: atomic { lock != 0 -> skip }
  fi;
#endif
  if :: last -> goto busy :: else fi;
  if                                               /* FUTEX_WAIT */
  :: atomic { lw == e -> asleep[id] = 1 }
  :: atomic { lw != e -> goto wait }
  :: last = 1; goto wait                           /* slept and timed out, unwoken */
  fi;
  asleep[id] == 0;
#ifdef M_GIVE_UP_ON_WAKE
  if :: goto busy :: skip fi;
#endif
  if :: last = 1 :: skip fi;
#ifdef M_NO_REREGISTER
  goto try_first;
#else
  goto wait;
#endif

held:
  atomic { e = 0; last = 0 }
#ifdef M_LOOK_BEFORE_UNLOCK
  STEP(e = lw);
  STEP(assert(lock == id); lock = 0);
#else
  STEP(assert(lock == id); lock = 0);              /* L2: flock excludes; unlock comes first */
  STEP(e = lw);
#endif
  if
  :: e % 2 == 1 ->
#ifdef M_CLEAR_AFTER_WAKE
     STEP(WAKE_ONE);
     STEP(lw = (e / 2 + 1) * 2 % 8)
#else
     STEP(e = lw);                                 /* load, then exchange: e may be stale */
     STEP(old = lw; lw = (e / 2 + 1) * 2 % 8);
     if :: old % 2 == 1 -> STEP(WAKE_ONE) :: else fi
#endif
  :: else
  fi;
busy:
dead:
  atomic { e = 0; old = 0; last = 0; goto again }
done:
  skip
}

proctype Clock() {
endclock:
  do
  :: atomic {
       timeout && lock == 0 && ANY_ASLEEP ->
       assert(CAP && deaths > 0);                  /* L1: only after a death, and never for ever */
       CAP_EXPIRES
     }
  od
}

init {
  byte j = 1;
  atomic { do :: j <= PROCS -> run Process(j); j++ :: else -> break od; run Clock() }
}
