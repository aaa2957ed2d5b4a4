/** A driver without sockets: what is asked of it is kept. */
import type { SocketAction } from '../../src/action.ts'
import type { Driver } from '../../src/net/driver.ts'

export interface FakeDriver extends Driver {
  readonly performed: SocketAction[]
  /** What was fed, as text of one byte a character. */
  readonly fed: string[]
  /** The sizes of what was too long to be kept. */
  readonly leftOut: number[]
}

export function fakeDriver(behaviour: Partial<Driver> = {}): FakeDriver {
  const performed: SocketAction[] = []
  const fed: string[] = []
  const leftOut: number[] = []
  const { feed = () => true, perform = async () => {}, ...others } = behaviour
  return {
    performed,
    fed,
    leftOut,
    perform(action) {
      performed.push(action)
      return perform(action)
    },
    feed(bytes) {
      fed.push(Buffer.from(bytes).toString('latin1'))
      return feed(bytes)
    },
    filePiece: Number.POSITIVE_INFINITY,
    longestMessage: 2 ** 20,
    startFeed() {},
    endFeed() {},
    leaveOut: (size) => void leftOut.push(size),
    drained: async () => {},
    setReading() {},
    setWriting() {},
    peers: () => [],
    ended: new Promise(() => {}),
    shutdown: async () => {},
    ...others,
  }
}
