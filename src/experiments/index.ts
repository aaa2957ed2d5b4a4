import { abortInFlight } from './abort-in-flight.ts'
import { boundaries } from './boundaries.ts'
import { breakIt } from './break-it.ts'
import { closedPort } from './closed-port.ts'
import { closes } from './closes.ts'
import { deafReceiver } from './deaf-receiver.ts'
import type { Experiment } from './experiment.ts'
import { finOrReset } from './fin-or-reset.ts'
import { frozenServer } from './frozen-server.ts'
import { handshake } from './handshake.ts'
import { masksAndFragments } from './masks-and-fragments.ts'
import { nagle } from './nagle.ts'
import { nothing } from './nothing.ts'
import { oneToMany } from './one-to-many.ts'
import { price } from './price.ts'
import { samePort } from './same-port.ts'
import { sentIsNotRead } from './sent-is-not-read.ts'
import { smallReads } from './small-reads.ts'
import { split } from './split.ts'
import { stranger } from './stranger.ts'
import { tooBig } from './too-big.ts'
import { tornCharacter } from './torn-character.ts'
import { twoFins } from './two-fins.ts'
import { whoIsWho } from './who-is-who.ts'

/** Every experiment, in the order in which a person should meet them. */
export const experiments: readonly Experiment[] = [
  boundaries,
  split,
  smallReads,
  tooBig,
  nothing,
  tornCharacter,
  handshake,
  price,
  closedPort,
  deafReceiver,
  sentIsNotRead,
  twoFins,
  finOrReset,
  abortInFlight,
  stranger,
  oneToMany,
  whoIsWho,
  samePort,
  frozenServer,
  nagle,
  masksAndFragments,
  closes,
  breakIt,
]

/** What somebody sees who asks for nothing in particular. */
export const tour: readonly Experiment[] = [boundaries, handshake, price]
