/** Every mark that stands before what the log tells, and what it means: no other one compiles. */
export const markMeanings = {
  '●': 'a server listens',
  '+': 'a connection, a WebSocket or a peer is there; a UDP socket is open',
  '⇄': 'an upgrade to WebSocket: granted, or never answered',
  '→': 'sent: a write, a datagram, a frame, a message',
  '←': 'received: a read, a datagram, a frame, a message',
  '⇥': 'we ended our side of the stream (FIN)',
  '⇤': 'they ended their side of the stream (FIN)',
  '‖': 'stopped: reading, a write that the kernel does not take, a process',
  '▸': 'going on after that',
  '-': 'closed: how it ended, what went each way, what may be lost',
  '×': 'refused, failed, or a rule was broken',
  '!': 'a limit or a time limit has acted',
  '✓': 'an expectation was met',
  '✗': 'an expectation was not met',
  '≡': 'what /peers and /stats tell',
  '·': 'said in passing: a note, a name looked up, an attempt to connect',
} as const satisfies Readonly<Record<string, string>>

export type Mark = keyof typeof markMeanings
