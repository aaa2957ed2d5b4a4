/** What must happen when something goes wrong, statement by statement, beside a server that serves on. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Serving } from '../e2e/sockpit.ts'
import { type RoundTrip, served } from './honest.ts'

/** What is stated, what shows it beside the server, and why that cannot be seen here. */
export type Statement = readonly [
  says: string,
  shows: (t: TestContext, serving: Serving) => Promise<unknown>,
  skip?: string | false,
]

export interface Witnesses {
  /** The echo server that has to serve on. */
  serve(t: TestContext): Promise<Serving>
  /** A client of it for each statement. */
  honest(t: TestContext, port: number): Promise<RoundTrip>
}

/** Shows each statement while an honest client is served; the server has no fault to tell, and ends as asked. */
export function holds(subject: string, { serve, honest }: Witnesses, statements: readonly Statement[]): void {
  // Side by side: most of these wait for something.
  test(subject, { concurrency: 3 }, async (t) => {
    const serving = await serve(t)
    await Promise.all(
      statements.map(([says, shows, skip = false]) =>
        t.test(says, { skip }, async (t) => {
          const roundTrip = await honest(t, serving.port)
          await served(roundTrip, () => shows(t, serving))
        }),
      ),
    )
    await endsAsAsked(serving)
  })
}

/** Interrupts a server, which has had no error to tell. */
export async function endsAsAsked({ server }: Pick<Serving, 'server'>): Promise<void> {
  const { code, stderr } = await server.interrupt()
  assert.equal(code, 130)
  assert.doesNotMatch(stderr, /sockpit: /)
}
