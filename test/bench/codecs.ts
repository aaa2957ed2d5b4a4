/** The codec alone, without sockets, beside the receiver and the sender of `ws`. */
import { execFileSync } from 'node:child_process'
import { scriptOf } from './processes.ts'
import type { Part } from './trial.ts'

const sizes = [16, 125, 1_024, 65_536]

export const codecs: Part = {
  title: 'the codec in one process, nanoseconds a frame (of: so much of what the peer takes)',
  trials: ['echo', 'read', 'write', 'unmask'].flatMap((what) =>
    sizes.map((size) => ({
      name: `${what} ${size.toLocaleString('en')} B`,
      unit: 'ns',
      better: 'less',
      contestants: { sockpit: measured('sockpit', what, size), ws: measured('ws', what, size) },
    })),
  ),
}

function measured(who: string, what: string, size: number): () => Promise<number> {
  const [program = '', ...words] = scriptOf('codec', who, what, size)
  return async () => Number(execFileSync(program, words, { encoding: 'utf8' }))
}
