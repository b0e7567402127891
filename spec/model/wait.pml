/* wait.pml: sleeping readers, the wake-up of a publication, deletion; writers die at every step.
 *
 * `event`: bit 0 = "somebody may sleep", the rest counts publications. Readers only fetch_or(1);
 * only the holder of the writer lock clears the bit, in the exchange that also counts.
 * The word `writing` covers publication *and* wake: who finds it set wakes everybody.
 *
 * One step = one load, store or read-modify-write of a shared word, or one futex call.
 * STEP(x) either does x or is where the writer dies: the kernel frees its flock, nothing else.
 *
 * I9: nobody sleeps on unread data, except after a death that nobody repaired, and then at most
 * the sleep cap. Clock runs only when nothing else can (Spin's `timeout`): it finds who sleeps
 * wrongly, asserts that exactly this exception applies, and lets the cap expire.
 * Writers may stop coming at any time, so every state is also a possible last one. */
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef N
#define N 3                      /* publications */
#endif
#ifdef M_NO_CAP
#define CAP false
#else
#define CAP true
#endif

byte head, event, lock, deaths;
bit writing, deleted;
bit g_deleter_died;              /* ghost */
bit asleep[2];
byte seen[2];                    /* what a reader has consumed */

#define WAKE_ALL asleep[0] = 0; asleep[1] = 0
#define EXCHANGE old = event; event = (event / 2 + 1) * 2
#define DIE deaths < DEATHS -> deaths++; lock = 0; goto dead
#define STEP(x) if :: atomic { x } :: atomic { DIE } fi
#define STEP_DELETING(x) if :: atomic { x } \
                         :: atomic { deaths < DEATHS -> deaths++; lock = 0; g_deleter_died = 1; \
                                     goto dead } fi

proctype Writer(byte id) {
  byte old;
endagain:
  do
  :: goto gone                                     /* nobody comes any more */
  :: atomic {
       lock == 0 && (head < N || writing) -> lock = id;
       if :: writing -> goto repair :: else -> goto begin fi
     }
  od;

repair:
#ifdef M_REPAIR_CLEARS_FIRST
  STEP(writing = 0);
#endif
#ifndef M_REPAIR_NO_WAKE
#ifndef M_REPAIR_WAKE_ONLY
  STEP(EXCHANGE);                                  /* also turns away who is about to sleep */
#endif
  STEP(WAKE_ALL);                                  /* whatever the bit says: the dead one may
                                                      have cleared it already */
#endif
#ifndef M_REPAIR_CLEARS_FIRST
  STEP(writing = 0);                               /* last: a death in here repeats the repair */
#endif
begin:
  if :: deleted || head == N -> goto unlock :: else fi;
  if
  :: goto unlock                                   /* this append is refused */
#ifdef DELETE
  :: goto delete
#endif
  :: skip
  fi;
#ifndef M_WRITING_LATE
  STEP(writing = 1);
#endif
#ifdef M_CLEARED_BEFORE_HEAD
  STEP(writing = 0);
#endif
#ifdef M_EVENT_BEFORE_HEAD
  STEP(EXCHANGE);
  STEP(head++);
#else
  STEP(head++);                                    /* step 9 */
#ifdef M_WRITING_LATE
  STEP(writing = 1);
#endif
#ifdef M_CLEAR_AFTER_WAKE
  STEP(old = event; event = event + 2);
#else
  STEP(EXCHANGE);                                  /* step 10 */
#endif
#endif
#ifdef M_CLEARED_BEFORE_WAKE
  STEP(writing = 0);
#endif
  if
  :: old % 2 == 1 ->
#ifdef M_WAKE_ONE
     STEP(if :: asleep[0] -> asleep[0] = 0 :: else -> asleep[1] = 0 fi)
#else
     STEP(WAKE_ALL)
#endif
  :: else
  fi;
#ifdef M_CLEAR_AFTER_WAKE
  STEP(event = event / 2 * 2);
#endif
#if !defined(M_CLEARED_BEFORE_WAKE) && !defined(M_CLEARED_BEFORE_HEAD)
  STEP(writing = 0);
#endif
unlock:
  STEP(lock = 0);
  goto forget;

delete:                                            /* the name is gone already: nobody comes to
                                                      repair, so `writing` would tell nobody */
#ifdef M_DELETE_WAKES_FIRST
  STEP(EXCHANGE);
  STEP(WAKE_ALL);
  STEP(deleted = 1);
#else
  STEP_DELETING(deleted = 1);
  STEP_DELETING(EXCHANGE);
  STEP_DELETING(WAKE_ALL);
#endif
  goto unlock;

dead:
forget:
  atomic { old = 0; goto endagain }
gone:
  skip
}

proctype Reader(bit me) {
  byte e;
again:
  do
  :: deleted -> break                              /* NotFound */
  :: seen[me] < head -> seen[me] = seen[me] + 1    /* consume without sleeping */
  :: seen[me] >= head && !deleted ->
     atomic { event = event / 2 * 2 + 1; e = event }         /* fetch_or(1) */
#ifndef M_NO_RECHECK
     if :: head > seen[me] -> e = 0; goto again :: else fi;
#endif
#ifndef M_DELETE_NO_RECHECK
     if :: deleted -> e = 0; goto again :: else fi;
#endif
#ifdef M_FRESH_VALUE
     e = event;
#endif
     if                                            /* FUTEX_WAIT */
     :: atomic { event == e -> asleep[me] = 1; e = 0 }
     :: atomic { event != e -> e = 0; goto again }
     fi;
endasleep:
     asleep[me] == 0
  od
}

#define MISSES_DATA(i) (asleep[i] && seen[i] < head && !deleted)
#define MISSES_DELETION(i) (asleep[i] && deleted)
proctype Clock() {
endclock:
  do
  :: atomic {
       timeout && (MISSES_DATA(0) || MISSES_DATA(1)) ->
       assert(CAP && writing && lock == 0);        /* I9: only after a death nobody repaired */
       WAKE_ALL                                    /* the cap expires */
     }
  :: atomic {
       timeout && (MISSES_DELETION(0) || MISSES_DELETION(1)) ->
       assert(CAP && g_deleter_died && lock == 0); /* I9: likewise */
       WAKE_ALL
     }
  od
}

init { atomic { run Reader(0); run Reader(1); run Writer(1); run Writer(2); run Clock() } }
