/* open.pml: the live page after a reboot or in a copied file, and who may trust it.
 *
 * `tag` says whether the live page belongs to this boot and this inode; it is 0 ("of another")
 * at first and after each power loss, and the live words are garbage then. Opening for writing:
 * tag matches -> go. Else take the writer lock (flock on the pool file, the one writers take),
 * look at the tag again, recover, write a durable anchor, initialise the live words, tag last,
 * unlock. The live words are reduced to `next` (next seq) and `limit` (the durable reservation);
 * recovery to "next seq = the limit of the anchor on disk". A reader opens without the lock.
 *
 * One step = one access to a shared word or one system call. STEP(x) either does x, or is where
 * the process dies (the kernel frees its lock), or finds that the power went: everybody starts
 * over in a new boot. An anchor that is written but not synced may or may not survive that. */
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef CUTS
#define CUTS 1                   /* power losses */
#endif
#ifndef PROCS
#define PROCS 2
#endif
#define W 2                      /* seqs reserved by an anchor */
#define MAXSEQ (W * 5)
#define GARBAGE 99

byte tag, lock, boot;
byte next = GARBAGE, limit = GARBAGE;              /* live page */
byte a_mem = W, a_disk = W;                        /* limit in the anchor: mapped, on disk */
byte deaths, cuts;
byte g_max;                                        /* highest seq ever visible */
byte g_next;                                       /* the only seq that may follow in this boot */

#define DIE deaths < DEATHS -> deaths++; if :: lock == id -> lock = 0 :: else fi; goto dead
#define STEP(x) if :: atomic { boot == my -> x } :: atomic { boot == my && DIE } \
                   :: atomic { boot != my -> goto dead } fi
#define LOCK if :: atomic { boot == my && lock == 0 -> lock = id } \
                :: atomic { boot != my -> goto dead } fi
#define UNLOCK STEP(assert(lock == id); lock = 0)  /* L2: held by nobody else */
#define TAG_STORE if :: tag == 0 -> g_next = next :: else fi; tag = 1

inline anchor() {
  STEP(a_mem = rec + W);
  STEP(a_disk = a_mem)                             /* msync */
}
inline live_words() {
  STEP(next = rec);
  STEP(limit = rec + W)
}

proctype Process(byte id) {
  byte rec, my, k;
start:
  my = boot;
#ifndef M_LIVE_WITHOUT_TAG
  if
  :: atomic { tag == 1 -> goto use }
  :: atomic { tag == 0 -> skip }
  fi;
#else
  goto use;
#endif
#ifndef M_NO_FLOCK
  LOCK;
#endif
#ifndef M_NO_RECHECK
  if
  :: atomic { tag == 1 -> skip }
#ifndef M_NO_FLOCK
     UNLOCK;
#endif
     goto use
  :: atomic { tag == 0 -> skip }
  fi;
#endif
  STEP(rec = a_disk);                              /* recovery */
#ifndef M_ANCHOR_AFTER_TAG
  anchor();
#endif
#ifdef M_TAG_FIRST
  STEP(g_next = rec; tag = 1);
  live_words();
#else
  live_words();
  STEP(TAG_STORE);                                 /* release store, last */
#endif
#ifdef M_ANCHOR_AFTER_TAG
  anchor();
#endif
#ifndef M_NO_FLOCK
  UNLOCK;
#endif

use:
  LOCK;
  if
  :: atomic { boot == my && next < limit && next < MAXSEQ ->
       assert(next != GARBAGE);                    /* I10: live words only after the tag matched */
       assert(next > g_max);                       /* I14: a visible seq is never given again */
       assert(next == g_next);                     /* I6: no gap without a power loss */
       rec = next }
     STEP(next = rec + 1; g_max = rec; g_next = rec + 1)     /* publication */
  :: atomic { boot == my && !(next < limit && next < MAXSEQ) ->
       assert(next != GARBAGE) }                   /* I10; out of seqs: sync.pml does anchors */
  :: atomic { boot != my -> goto dead }
  fi;
  UNLOCK;
  if :: k == 0 -> k = 1; rec = 0; goto use :: else -> goto done fi;
dead:
  atomic { rec = 0; my = 0; goto start }
done:
  skip
}

/* A reader: tag, then the live words, no lock. (Guards instead of a loop of reads: it then moves
 * only to report, and a deadlock of the others stays visible.) */
proctype Reader() {
endr:
  if
  :: atomic { tag == 1 && next == GARBAGE -> assert(false) }         /* I10 */
  :: atomic { tag == 1 && next != GARBAGE && next != g_next ->
       assert(false) }                             /* I6: the live words jumped in this boot */
  fi
}

proctype Power() {
endp:
  do
  :: atomic {
       cuts < CUTS -> cuts++; boot++;
       lock = 0; tag = 0; next = GARBAGE; limit = GARBAGE; g_next = 0;
       if :: a_disk = a_mem :: a_mem = a_disk fi
     }
  od
}

init {
  byte j = 1;
  atomic { do :: j <= PROCS -> run Process(j); j++ :: else -> break od; run Reader(); run Power() }
}
