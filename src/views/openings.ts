import type { ComparedColumn, Happening } from './comparison.ts'

/**
 * What of an opening is told once only: how the connection and the upgrade came about. In every later step it goes
 * without saying, and that it is open is enough.
 */
export function repeatedOpenings({ heard }: ComparedColumn): ReadonlySet<Happening> {
  const known = new Set<string>()
  const repeated = new Set<Happening>()
  for (const inStep of stepsOf(heard)) {
    const open = (transport: string): ReadonlySet<string> =>
      new Set(
        inStep.flatMap(({ actor, event }) =>
          event.kind === 'opened' && event.transport === transport ? [actor] : [],
        ),
      )
    const [connected, upgraded] = [open('tcp'), open('websocket')]
    const secured = new Set(inStep.filter(({ event }) => event.kind === 'tls').map(({ actor }) => actor))
    const kind = upgraded.size > 0 ? 'websocket' : secured.size > 0 ? 'tls' : 'tcp'
    if (connected.size === 0) continue
    if (!known.has(kind)) {
      known.add(kind)
      continue
    }
    for (const one of inStep) {
      if (isDetail(one, connected, upgraded)) repeated.add(one)
    }
  }
  return repeated
}

function isDetail(
  { actor, event }: Happening,
  connected: ReadonlySet<string>,
  upgraded: ReadonlySet<string>,
): boolean {
  switch (event.kind) {
    case 'connecting':
      return connected.has(actor)
    case 'opened':
      return event.transport === 'tcp' && upgraded.has(actor)
    case 'request':
    case 'response':
      return upgraded.has(actor)
    default:
      return false
  }
}

function stepsOf(heard: readonly Happening[]): readonly (readonly Happening[])[] {
  const steps = new Map<string, Happening[]>()
  for (const one of heard) {
    if (one.trial === undefined) continue
    const name = `${one.step} ${one.trial}`
    const inStep = steps.get(name)
    if (inStep === undefined) steps.set(name, [one])
    else inStep.push(one)
  }
  return [...steps.values()]
}
