/* scrub.pml: several attempts to append at the same head, of which some died; then power loss.
 *
 * The kernel may have written a dead attempt's frames back to disk while the attempt that
 * succeeded at the same head, and that readers saw, never got there. Position and seq of both are
 * the same and each frame is intact, so recovery needs help to tell them apart: the scrub of the
 * header at head before anybody appends there again, BEGIN/END flags, and one `time` per attempt.
 *
 * The ring is SLOTS frames long and never laps; the anchor stays at slot 0. A frame is two words:
 *   w1  flags: the same for every attempt that puts the same kind of frame here
 *   w2  time and CRC: the attempt's own (the CRC covers both words)
 * A batch is one or two frames. mem = the shared mapping, disk = what survives. The kernel writes
 * back single words at any time, which allows more than sectors would.
 *
 * One step = one store of a word or one system call. STEP(x) either does x or is where the
 * process dies; its flock falls, its stores stay. g_ = ghost, never read by the protocol. */
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 3
#endif

#define NONE 0                   /* values of w1 */
#define BEGIN 1                  /* first of two */
#define END 2                    /* last of two */
#define ONLY 3                   /* BEGIN and END */

byte mem1[SLOTS], mem2[SLOTS], disk1[SLOTS], disk2[SLOTS];
byte head, last_time, attempt_time;                /* live page */
byte flushed;                                      /* live page, stored after the sync */
bit writing;
byte lock, deaths, attempts;
bool off;
byte start_of[ATTEMPTS + 1], len_of[ATTEMPTS + 1], time_of[ATTEMPTS + 1];   /* part of w2 */
byte g_by[SLOTS];                                  /* the attempt that readers saw here */

#define DIE deaths < DEATHS -> deaths++; lock = 0; goto dead
#define STEP(x) if :: atomic { !off -> x } :: atomic { !off && DIE } fi
#define FLAGS(a, slot) (len_of[a] == 1 -> ONLY : (start_of[a] == slot -> BEGIN : END))
#define MAX(a, b) (a > b -> a : b)

inline sync_all(i) {
  i = 0;
  do
  :: i < SLOTS -> disk1[i] = mem1[i]; disk2[i] = mem2[i]; i++
  :: else -> break
  od;
  i = 0
}
#define ZEROED (mem1[head] == NONE && mem2[head] == 0)

/* One writer at a time is all there is: whatever outlives the lock is in the shared words. */
proctype Writer(byte id) {
  byte a, n, i, k;
endagain:
  atomic {
    !off && lock == 0 && (attempts < ATTEMPTS && head < SLOTS || writing) -> lock = id;
    if :: writing -> skip :: else -> goto begin fi
  }
  /* Repair. (The wake is in wait.pml; whether the header fits before tail is in ring.pml.) */
#ifdef M_REPAIR_CLEARS_FIRST
  STEP(writing = 0);
#endif
  if :: head == SLOTS -> goto scrubbed :: else fi;
#ifdef M_SKIP_IF_ZERO
  if :: ZEROED -> goto scrubbed :: else fi;
#endif
#ifndef M_NO_SCRUB
  STEP(mem1[head] = NONE);
#ifndef M_SCRUB_ONE_WORD
  STEP(mem2[head] = 0);
#endif
#ifndef M_NO_SYNC
  STEP(sync_all(i));
#endif
#endif
scrubbed:
#ifndef M_REPAIR_CLEARS_FIRST
  STEP(writing = 0);
#endif
  if :: attempts == ATTEMPTS || head == SLOTS -> goto unlock :: else fi;

begin:
#ifndef M_WRITING_LATE
  STEP(writing = 1);
#endif
  atomic {                                         /* plan */
    attempts++;
    a = attempts;
    start_of[a] = head;
    if :: n = 1 :: head + 2 <= SLOTS -> n = 2 fi;
    len_of[a] = n;
    time_of[a] = MAX(last_time, attempt_time) + 1  /* step 4 */
  }
#ifndef M_ATTEMPT_TIME_LATE
  STEP(attempt_time = time_of[a]);                 /* before any frame word */
#endif
  do                                               /* step 6 */
  :: k < n ->
     STEP(mem1[head + k] = FLAGS(a, head + k));
     STEP(mem2[head + k] = a);
     k++
  :: else -> break
  od;
#ifdef M_ATTEMPT_TIME_LATE
  STEP(attempt_time = time_of[a]);
#endif
#ifdef M_WRITING_LATE
  STEP(writing = 1);
#endif
#ifdef M_CLEARED_BEFORE_HEAD
  STEP(writing = 0);
#endif
  STEP(g_by[head] = a; if :: n == 2 -> g_by[head + 1] = a :: else fi;
       last_time = time_of[a]; head = head + n);   /* steps 8 and 9 */
#ifndef M_CLEARED_BEFORE_HEAD
  STEP(writing = 0);
#endif
unlock:
  STEP(lock = 0);
dead:
  atomic { a = 0; n = 0; i = 0; k = 0; goto endagain }
}

proctype Flush() {
  byte s, i;
endf:
  do
  :: atomic { !off && flushed < head -> s = head }
     atomic { !off -> sync_all(i) }
     atomic { !off -> flushed = s; s = 0 }
  od
}

#define WRITE_BACK(i) \
  :: atomic { !off && disk1[i] != mem1[i] -> disk1[i] = mem1[i] } \
  :: atomic { !off && disk2[i] != mem2[i] -> disk2[i] = mem2[i] }

proctype Kernel() {
endk:
  do
  WRITE_BACK(0)
  WRITE_BACK(1)
#if SLOTS > 2
  WRITE_BACK(2)
#endif
  od
}

#define VALID(p) (disk2[p] != 0 && disk1[p] == FLAGS(disk2[p], p))

proctype Power() {
  byte p, a;
endo:
  atomic {
    !off -> off = 1;
    do                                             /* recovery: batch by batch from the anchor */
    :: p < SLOTS && VALID(p) ->
       a = disk2[p];
       if
       :: disk1[p] == ONLY -> skip
#ifdef M_NO_BEGIN_RULE
       :: disk1[p] == END -> skip
#else
       :: disk1[p] == END -> break                 /* no BEGIN: left over from a dead attempt */
#endif
#ifdef M_NO_END_CUT
       :: disk1[p] == BEGIN && !(p + 1 < SLOTS && VALID(p + 1) && disk1[p + 1] == END) -> skip
#else
       :: disk1[p] == BEGIN && !(p + 1 < SLOTS && VALID(p + 1) && disk1[p + 1] == END) -> break
#endif
       :: disk1[p] == BEGIN && p + 1 < SLOTS && VALID(p + 1) && disk1[p + 1] == END ->
#ifndef M_NO_TIME_RULE
          if :: time_of[disk2[p + 1]] != time_of[a] -> break :: else fi;
#endif
          assert(disk2[p + 1] == a);               /* I5: one batch, one attempt */
          assert(g_by[p + 1] == 0 || g_by[p + 1] == a);      /* I14 */
          p++
       fi;
       assert(start_of[a] + len_of[a] == p + 1);   /* I5: a whole batch */
       assert(g_by[p] == 0 || g_by[p] == a);       /* I14, I15: not what another attempt showed */
       p++;
       a = 0
    :: else -> break
    od;
    assert(p >= flushed)                           /* I13 */
  }
}

init { atomic { run Writer(1); run Flush(); run Kernel(); run Power() } }
