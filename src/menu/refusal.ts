import { select } from '@inquirer/prompts'
import type { Context } from '../context.ts'
import { formatEndpoint } from '../event.ts'
import { asking, interrupted } from './asking.ts'

/** Names and addresses of this machine: only there a server of ours would help. */
const here = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/i

type WhatNext = 'again' | 'serve' | 'leave'

/** Asks who could not connect, since nothing listens there, what to do; `end` where it was Ctrl-C. */
export async function askAfterRefusal(
  context: Context,
  { host, port }: { readonly host: string; readonly port: number },
  color: boolean,
): Promise<WhatNext | 'end'> {
  const where = formatEndpoint({ address: host, port })
  const answer = await asking(context, color, (place) =>
    select<WhatNext>(
      {
        message: `Nothing listens on ${where}.`,
        choices: [
          {
            value: 'again',
            name: 'Try again',
            description: `once a server runs there: sockpit tcp-server ${port}`,
          },
          ...(here.test(host)
            ? [
                {
                  value: 'serve' as const,
                  name: 'Start a server here',
                  description: `this terminal becomes the server: sockpit tcp-server ${port}`,
                },
              ]
            : []),
          { value: 'leave', name: 'Leave' },
        ],
        loop: false,
        theme: place.theme,
      },
      place,
    ),
  )
  if (answer !== interrupted) return answer ?? 'leave'
  context.interrupt()
  return 'end'
}
