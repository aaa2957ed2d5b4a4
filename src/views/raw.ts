import { createStreamEscaper } from './escape.ts'
import type { View } from './view.ts'

/** What was received and nothing else: byte for byte, or, on a terminal, escaped. */
export function createRawView(options: { readonly terminal: boolean }): View {
  const escaper = createStreamEscaper()
  let speaker: string | undefined

  /** Where another socket goes on, what the one before left unfinished will not be finished by it. */
  const show = (socket: string, payload: Uint8Array): string => {
    const unfinished = socket === speaker ? '' : escaper.end()
    speaker = socket
    return unfinished + escaper.write(payload)
  }

  return {
    wants: (kind, direction) => kind === 'bytes' && direction !== 'sent',
    render(event) {
      if (event.kind !== 'bytes' || event.direction === 'sent') return undefined
      return options.terminal ? show(event.socket, event.payload) : event.payload
    },
    end: () => escaper.end(),
  }
}
