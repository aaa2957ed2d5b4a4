import { describeSystemError, NetworkError, systemCode } from '../errors.ts'
import { msSince, type Teller } from '../event.ts'
import { familyOf } from './endpoint.ts'

/** What an address is wanted for, and who is told of it. */
export interface Purpose {
  readonly teller: Teller
  readonly now: () => number
  /** The beginning of a sentence: `Cannot connect to localhost:9000`. */
  readonly goal: string
}

/**
 * The addresses of a host, families taking turns, the resolver's first family first (RFC 8305 §4).
 * @throws NetworkError, or the reason of the signal
 */
export async function resolve(
  name: string,
  { host, family }: { readonly host: string; readonly family: 4 | 6 | undefined },
  { teller, now, goal, signal }: Purpose & { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  if (familyOf(host) !== undefined) return [host]
  const startedAt = now()
  const { lookup } = await import('node:dns/promises')
  const found = await Promise.race([
    lookup(host, { all: true, family: family ?? 0, verbatim: true }).catch((error: unknown) => {
      throw new NetworkError(`${goal}: ${describeSystemError(error)}. ${nameAdvice(error)}`, { cause: error })
    }),
    aborted(signal),
  ])
  const first = found.filter((one) => one.family === found[0]?.family)
  const second = found.filter((one) => one.family !== found[0]?.family)
  const addresses = first.flatMap((one, index) => [one, second[index]]).concat(second.slice(first.length))
  const texts = [...new Set(addresses.flatMap((one) => (one === undefined ? [] : [one.address])))]
  teller.tell(name, { kind: 'resolved', host, addresses: texts, tookMs: msSince(startedAt, now()) })
  return texts
}

function nameAdvice(error: unknown): string {
  return systemCode(error) === 'EAI_AGAIN'
    ? 'Try again, or give the address itself.'
    : 'Check the spelling, or give the address itself.'
}

/** Rejects with the signal's reason when it aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
