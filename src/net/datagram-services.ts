import type { DatagramServiceName } from './service-names.ts'
import { characterPattern, daytime, time } from './services.ts'

/** What is sent back for a datagram. */
export type Answer = (payload: Buffer) => Buffer

/** Longest datagram of characters (RFC 864 §3), bytes. */
const mostCharacters = 512

/** The services that answer; the others are silent. */
export type AnsweringService = Exclude<DatagramServiceName, 'none' | 'discard'>

/** The standard services of RFC 862 to 868 over UDP. */
export function createAnswer(name: AnsweringService, date: () => Date): Answer {
  switch (name) {
    case 'echo':
      return (payload) => payload
    case 'chargen':
      return createCharacters()
    case 'daytime':
      return () => Buffer.from(daytime(date()))
    case 'time':
      return () => Buffer.from(time(date()))
  }
}

/** As many characters as came, though RFC 864 would send any number: nobody can use us to send more than he does. */
function createCharacters(): Answer {
  const pattern = Buffer.from(characterPattern())
  return (payload) => pattern.subarray(0, Math.min(payload.length, mostCharacters))
}
