import type { Teller } from '../event.ts'
import type { Wanted } from '../wire/output.ts'

/** Which events of frames and messages anybody wants: those that nobody does are not built. */
export function wantedOf({ wants }: Pick<Teller, 'wants'>): Wanted {
  return {
    sentFrames: wants('frame', 'sent'),
    receivedFrames: wants('frame', 'received'),
    sentMessages: wants('message', 'sent'),
    receivedMessages: wants('message', 'received'),
  }
}

/** Random bytes are asked for in bulk: one call for so many masking keys. */
const keysAtOnce = 2_048

/** A source of masking keys that nobody can foresee (RFC 6455 §5.3, §10.3). */
export function createMaskSource(randomBytes: (size: number) => Uint8Array): (into: Uint8Array) => void {
  let pool = new Uint8Array()
  let at = 0
  return (into) => {
    if (at === pool.length) {
      pool = Uint8Array.from(randomBytes(4 * keysAtOnce))
      at = 0
    }
    for (let lane = 0; lane < 4; lane += 1) into[lane] = pool[at + lane] ?? 0
    at += 4
  }
}
