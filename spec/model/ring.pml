/* ring.pml: publication, eviction, overtaking, checkpoints, scrub; a writer may die at every step.
 *
 * The ring has R words and positions are logical; they are reduced mod R only on access, so frames
 * wrap physically. A frame is one word (a bare header) or two (header, body). A batch is one or two
 * frames, up to R words, which is "exactly fills the ring".
 *
 * One step = one load or store of a shared word. What only the lock holder ever writes and reads
 * (planning, walking the tail) is one atomic step, because nobody else can tell the difference.
 *
 * The writer lock is flock: when its holder dies the kernel frees it and says nothing to the next
 * one. The word `writing` says it instead. STEP(x) either does x or is where the writer dies
 * (DEATHS times in all): its stores stay, the lock is free, a new process takes its place.
 *
 * Names starting with g_ are ghosts: the protocol never reads them, only assertions do.
 * Seeded mistakes are -DM_... macros; README.md lists them. */
#ifndef R
#define R 4
#endif
#ifndef MAXPOS
#define MAXPOS 7                 /* words published before the model ends */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef NREAD
#define NREAD 1
#endif
#ifndef NWRITE
#define NWRITE 1
#endif

/* A ring word: which record, and which part of its frame. 0 is a scrubbed word. */
#define ONE 1                    /* the only word of a one-word frame */
#define FST 2                    /* first of two */
#define SND 3                    /* second of two */
#define WORD(seq, kind) ((seq) * 4 + (kind))
#define KIND(w) ((w) % 4)
#define SEQ(w) ((w) / 4)

byte ring[R];
byte head, tail;
byte c_head[2], c_next[2], c_sel[2];   /* commit records; the current one has c_head == head */
byte ck[2];                            /* one checkpoint slot, two copies: last seq it covers */
bit writing;
byte lock;                             /* id of the flock holder, 0 = free */
byte deaths;

bool g_bound[R + MAXPOS + 2];          /* positions where a batch was planned to end */
byte g_next[R + MAXPOS + 2];           /* next_seq that belongs to such a position */
byte g_pos[MAXPOS + 3];                /* position of a seq */
byte g_pub = 1;                        /* next seq not yet visible */
byte g_ck;                             /* checkpoint of the last published batch */
byte g_tail;

#define DIE deaths < DEATHS -> deaths++; lock = 0; goto dead
#define STEP(x) if :: atomic { x } :: atomic { DIE } fi
#define FORGET ns = 0; cur = 0; sel = 0; n = 0; k0 = 0; k1 = 0; need = 0; t = 0; t0 = 0; i = 0; \
               w = 0; h = 0
#define PUBLISH head = h + need; g_pub = ns + n; if :: carry -> g_ck = ns + n - 1 :: else fi
#ifdef M_SCRUB_UNCHECKED
#define SCRUB_FITS true
#else
#define SCRUB_FITS (tail + R >= head + 1)
#endif

proctype Writer(byte id) {
  byte h, ns, cur, sel, n, k0, k1, need, t, t0, i, w;
  bit carry = 1;
endagain:
  atomic {                                         /* step 2: flock */
    lock == 0 && (head < MAXPOS || writing) -> lock = id;
    if :: writing -> skip :: else -> goto begin fi
  }
  /* Somebody died between setting and clearing `writing`. For readers there is nothing to undo;
   * what it left at head is scrubbed (why: scrub.pml), if it can have written there at all. */
  if :: SCRUB_FITS -> STEP(ring[head % R] = 0) :: else fi;
  STEP(writing = 0);
  if :: head >= MAXPOS -> goto unlock :: else fi;
begin:
  STEP(writing = 1);
  atomic {                                         /* steps 3 to 5: plan, walk the tail */
    h = head;
    if :: c_head[0] == h -> cur = 0 :: else -> cur = 1 fi;
    assert(c_head[cur] == h);                      /* I4: a commit record names head */
    ns = c_next[cur];
    sel = c_sel[cur];
    assert(ns == g_pub);                           /* I4: and is complete: no seq lost or reused */
    assert(ck[sel] == g_ck);                       /* I7: checkpoint == what is visible */
    assert(tail <= h && h - tail <= R);            /* I1 */
#ifdef OPTCK
    if :: carry = 1 :: carry = 0 fi;               /* not every batch carries a checkpoint */
#endif
    if
    :: n = 1; k0 = ONE; need = 1
    :: h + 2 <= MAXPOS -> n = 1; k0 = FST; need = 2
    :: h + 3 <= MAXPOS && R >= 3 -> n = 2; k0 = ONE; k1 = FST; need = 3
    :: h + 4 <= MAXPOS && R >= 4 -> n = 2; k0 = FST; k1 = FST; need = 4
    fi;
    g_bound[h + need] = 1;
    g_next[h + need] = ns + n;
    g_pos[ns] = h;
    if :: n == 2 -> g_pos[ns + 1] = h + need - 2 :: else fi;
    t = tail;
    t0 = t;
    do
#ifdef M_EVICT_SHORT
    :: t + R < h + need - 1 ->
#else
    :: t + R < h + need ->
#endif
       w = ring[t % R];
       assert(KIND(w) == ONE || KIND(w) == FST);   /* I2: tail is on the boundary of a frame */
       if :: KIND(w) == ONE -> t = t + 1 :: else -> t = t + 2 fi;
       w = 0
    :: else -> break
    od;
#ifdef AHEAD
    if                                             /* or a frame more than it must */
    :: t > t0 && t < h ->
       w = ring[t % R];
       assert(KIND(w) == ONE || KIND(w) == FST);   /* I2 */
       if :: KIND(w) == ONE -> t = t + 1 :: else -> t = t + 2 fi;
       w = 0
    :: skip
    fi
#endif
  }
#ifndef M_TAIL_LATE
  if :: t > t0 -> STEP(tail = t; g_tail = t) :: else fi;
#endif
#ifdef M_PUBLISH_EARLY
  STEP(PUBLISH);
#endif
  do                                               /* step 6: the frames, word by word */
  :: i < need ->
     if
     :: atomic {
          if
          :: i == 0 -> w = WORD(ns, k0)
          :: k0 == FST && i == 1 -> w = WORD(ns, SND)
          :: k0 == FST && i == 2 -> w = WORD(ns + 1, k1)
          :: k0 == FST && i == 3 -> w = WORD(ns + 1, SND)
          :: k0 == ONE && i == 1 -> w = WORD(ns + 1, k1)
          :: k0 == ONE && i == 2 -> w = WORD(ns + 1, SND)
          fi;
          ring[(h + i) % R] = w;
          i++;
          w = 0
        }
     :: atomic { DIE }
     fi;
#ifdef M_PUBLISH_EACH
     if
     :: n == 2 && ((k0 == FST && i == 2) || (k0 == ONE && i == 1)) -> STEP(head = h + i)
     :: else
     fi;
#endif
  :: else -> break
  od;
#ifdef M_TAIL_LATE
  if :: t > t0 -> STEP(tail = t; g_tail = t) :: else fi;
#endif
#ifdef M_CKPT_INPLACE                              /* step 7: the copy that is not selected */
  STEP(ck[sel] = ns + n - 1);
#define NEW_SEL sel
#else
  if :: carry -> STEP(ck[1 - sel] = ns + n - 1) :: else fi;
#define NEW_SEL (carry -> 1 - sel : sel)
#endif
#ifdef M_HEAD_BEFORE_RECORD
  STEP(PUBLISH);
#endif
#ifdef M_ONE_RECORD                                /* step 8: the record that is not current */
#define TARGET cur
#else
#define TARGET (1 - cur)
#endif
  STEP(c_next[TARGET] = ns + n);
  STEP(c_sel[TARGET] = NEW_SEL);
  STEP(c_head[TARGET] = h + need);
#if !defined(M_PUBLISH_EARLY) && !defined(M_HEAD_BEFORE_RECORD)
  STEP(PUBLISH);                                   /* step 9: THE publication */
#endif
  STEP(writing = 0);                               /* after step 10, the wake: wait.pml */
unlock:
  STEP(lock = 0; FORGET);
  goto endagain;
dead:
  atomic { FORGET; goto endagain }
}

#if defined(M_NO_RECHECK) || defined(M_RECHECK_EARLY)
#define RECHECK_TAIL skip
#else
#define RECHECK_TAIL t = tail
#endif

proctype Reader() {
  byte pos, exp = 1, h, t, w, w2, k;
end:
  do
  :: atomic { head != h -> h = head; assert(g_bound[h]) }    /* I3: head always ends a batch */
  :: pos < h ->
#ifdef M_RECHECK_EARLY
     t = tail;
#endif
     w = ring[pos % R];                            /* copy the header, then look at tail again */
     atomic {
       RECHECK_TAIL;
       if
       :: t > pos -> pos = t; w = 0; t = 0; goto overtaken   /* exp stays: it dates the loss */
       :: else ->
          k = KIND(w);
          assert(k == ONE || k == FST);            /* I5: pos is at a frame */
          assert(SEQ(w) >= exp)                    /* I5: nothing is repeated or out of order */
       fi
     }
     if
     :: k == FST ->
        w2 = ring[(pos + 1) % R];                  /* copy the body, then look at tail again */
        atomic {
          RECHECK_TAIL;
          if :: t > pos -> pos = t; w = 0; w2 = 0; t = 0; k = 0; goto overtaken :: else fi
        }
     :: else
     fi;
     atomic {
       assert(k == ONE || w2 == WORD(SEQ(w), SND));          /* I5: not torn */
       assert(SEQ(w) < g_pub);                               /* I5: published */
       assert(g_pos[SEQ(w)] == pos);                         /* I5: the frame of this position */
       assert(SEQ(w) == exp || g_pos[SEQ(w) - 1] < g_tail);  /* I6: what is missing was evicted */
       exp = SEQ(w) + 1;
       pos = pos + (k == FST -> 2 : 1);
       w = 0; w2 = 0; t = 0; k = 0
     }
overtaken:
     if :: atomic { pos > h -> h = head; assert(pos <= h) } :: else fi   /* I1: tail <= head */
  od
}

#ifdef INFO
/* Lock-free (head, next_seq): the record that names head, and head unchanged afterwards. */
proctype Info() {
  byte h, i, nx;
  do
  :: h = head;
     if :: c_head[0] == h -> i = 0 :: c_head[1] == h -> i = 1 :: else -> goto retry fi;
     nx = c_next[i];
#ifndef M_INFO_NO_RECHECK
     if :: head != h -> goto retry :: else fi;
#endif
     atomic { assert(nx == g_next[h]); nx = 0; i = 0 }       /* I4: as seen without the lock */
     if :: h >= MAXPOS -> break :: else fi;
retry:
     atomic { h = 0; nx = 0; i = 0 }
  :: head >= MAXPOS -> break
  od
}
#endif

init {
  byte j;
  atomic {
    g_bound[0] = 1; g_next[0] = 1; c_next[0] = 1; c_head[1] = 255;
    j = 0; do :: j < NREAD -> run Reader(); j++ :: else -> break od;
    j = 0; do :: j < NWRITE -> run Writer(j + 1); j++ :: else -> break od;
#ifdef INFO
    run Info();
#endif
  }
}
