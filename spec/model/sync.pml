/* sync.pml: flush and anchors, two header copies on disk, the two locks; power loss at any moment.
 *
 * rec i is "on disk" or not; the kernel may write any dirty thing back at any time. The ring is
 * large enough here that no anchor is lapped. Anchor copy c: m_head[c] is head + 1 as in the
 * mapping, d_head[c] on disk, 0 = torn; with it the seq reservation and the generation.
 *
 * One step = one access to a shared word, one system call, or the copying of one page. STEP(x)
 * either does x or is where the process dies (DEATHS times in all): the kernel frees both its
 * locks, the flush lock `fl` (OFD) and the writer lock `wl` (flock), and nothing needs repair.
 * Lock order: fl before wl, never wl before fl.
 * -DLOCKS: no power loss, but a watch that the two locks never block each other. */
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef N
#define N 4                      /* records */
#endif
#define W 2                      /* records that one anchor reserves */

byte pub;                        /* records published (head) */
bool disk[N + 2];
byte m_head[2], m_limit[2], m_gen[2];              /* anchor copies in the mapping */
byte d_head[2], d_limit[2], d_gen[2];              /* and on disk */
byte durable;                    /* live page: which copy is known to be on disk */
byte flushed;                    /* live page: flushed_head, what flush() has promised */
byte limit = W;                  /* live page: the reservation appends may use */
byte fl, wl, deaths;
bool off;                        /* power lost */

#define DIE deaths < DEATHS -> deaths++; if :: fl == _pid -> fl = 0 :: else fi; \
            if :: wl == _pid -> wl = 0 :: else fi; goto dead
#define STEP(x) if :: atomic { !off -> x } :: atomic { !off && DIE } fi
#define MAX(a, b) (a > b -> a : b)

proctype Append() {
endp:
  do
  :: atomic { !off && wl == 0 && pub < N && pub + 1 <= limit -> pub++ }
  od
}

#define DIFFERS(c) (d_head[c] != m_head[c] || d_gen[c] != m_gen[c])
#define WRITE_BACK(c) d_head[c] = m_head[c]; d_limit[c] = m_limit[c]; d_gen[c] = m_gen[c]

proctype Kernel() {
  byte i;
endk:
  do
  :: atomic {                                      /* the first dirty record, or a later one */
       !off;
       i = 1;
       do
       :: i <= pub && !disk[i] -> disk[i] = 1; break
       :: i < pub -> i++
       :: i >= pub -> break
       od;
       i = 0
     }
  :: atomic { !off && DIFFERS(0) -> WRITE_BACK(0) }
  :: atomic { !off && DIFFERS(1) -> WRITE_BACK(1) }
  od
}

inline sync_data(upto) {
  i = 1;
  do :: i <= upto -> disk[i] = 1; i++ :: else -> break od;
  i = 0
}

proctype Flush() {
  byte s, c, i, gen;
  bit plain;
endf:
  do
  :: atomic { !off && fl == 0 && (flushed < pub || limit < N + W) && m_gen[0] + m_gen[1] < 9 ->
       fl = _pid;
       goto locked }
#ifdef LOCKS
  :: atomic { !off && wl == 0 && limit < N + W && m_gen[0] + m_gen[1] < 9 ->
       wl = _pid }                                 /* an append that finds no room reserved: */
#ifndef M_LOCK_ORDER
     STEP(wl = 0);                                 /* step 3: unlock, anchor, start over */
#endif
     atomic { !off && fl == 0 -> fl = _pid; goto locked }
#endif
  od;
locked:
  if :: plain = 1 :: plain = 0 fi;                 /* flush of data only, or an anchor */
#ifdef M_ACK_EARLY
  STEP(s = pub);
  STEP(flushed = s);
#else
  if
  :: plain -> STEP(s = pub)
  :: else ->                                       /* the snapshot is taken under wl */
     atomic { !off && (wl == 0 || wl == _pid) -> wl = _pid }
     STEP(s = pub);
     STEP(wl = 0)
  fi;
#endif
  if
  :: plain ->
     STEP(sync_data(s));
     goto promise
  :: else
  fi;
#ifdef M_TARGET_FROM_MEMORY
  /* over the older of the copies that look valid in the mapping */
  STEP(if :: m_gen[0] >= m_gen[1] && m_head[0] > 0 -> c = 1 :: else -> c = 0 fi);
#elif defined(M_ONE_COPY)
  STEP(c = 0);
#else
  STEP(c = 1 - durable);                           /* never over the copy known to be on disk */
#endif
#ifdef M_LIMIT_EARLY
  STEP(limit = s + W);
#endif
#ifndef M_HEADER_FIRST
  STEP(sync_data(s));                              /* fdatasync: data first */
#endif
#ifdef M_SNAP_LATE
  STEP(s = pub);
#endif
  gen = MAX(m_gen[0], m_gen[1]) + 1;
  STEP(m_head[c] = 0; m_gen[c] = gen);             /* half written */
  STEP(m_head[c] = s + 1; m_limit[c] = s + W);
  STEP(WRITE_BACK(c));                             /* msync of that copy */
#ifdef M_HEADER_FIRST
  STEP(sync_data(s));
#endif
  STEP(durable = c);
promise:
#ifndef M_ACK_EARLY
  STEP(flushed = MAX(flushed, s));
#endif
  if
  :: !plain -> STEP(limit = MAX(limit, s + W))
  :: else
  fi;
  STEP(fl = 0);
dead:
  atomic { s = 0; c = 0; i = 0; gen = 0; plain = 0; goto endf }
}

#ifdef LOCKS
proctype Watch() {
endw:
  do :: atomic { timeout && (fl != 0 || wl != 0) -> assert(false) } od   /* L3: fl before wl */
}
#else
proctype Power() {
  byte b, i;
endo:
  atomic {
    !off -> off = 1;
    assert(d_head[0] > 0 || d_head[1] > 0);        /* I12: a valid anchor on disk at all times */
    if
    :: d_head[0] > 0 && (d_head[1] == 0 || d_gen[0] > d_gen[1]) -> b = 0
    :: else -> b = 1
    fi;
    i = 1;
    do
    :: i < d_head[b] -> assert(disk[i]); i++       /* I11: what an anchor claims is on disk */
    :: else -> break
    od;
    i = d_head[b];                                 /* recovery walks on from there, */
    do                                             /* but believes nothing past the reservation */
    :: i <= pub && i <= d_limit[b] && disk[i] -> i++
    :: else -> break
    od;
    assert(i - 1 >= flushed);                      /* I13: nothing flushed is lost */
    assert(d_limit[b] >= pub)                      /* I14: the next seq is above all visible ones */
  }
}
#endif

init {
  atomic {
    m_head[0] = 1; m_limit[0] = W; m_gen[0] = 1;
    d_head[0] = 1; d_limit[0] = W; d_gen[0] = 1;
    run Append();
    run Flush();
    run Flush();
#ifdef LOCKS
    run Watch();
#else
    run Kernel();
    run Power();
#endif
  }
}
