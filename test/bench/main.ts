/**
 * `npm run bench`: sockpit beside its peers, in one run. Whoever is measured is a process of its own, in turn with
 * the others within every round, on another processor than the load where the system allows it. Figures are
 * medians, and ratios to the peer in the same round: the median, and from the least to the most.
 *
 * `npm run bench -- --rounds 5 --only start,udp` makes five rounds of the parts that are named.
 */
import { parseArgs } from 'node:util'
import { codecs } from './codecs.ts'
import { datagrams } from './datagrams.ts'
import { pipes } from './pipes.ts'
import { starting } from './start.ts'
import { measurePart, type Part } from './trial.ts'
import { growing, idling, viewing, webSockets } from './websocket.ts'

const parts: Readonly<Record<string, Part>> = {
  start: starting,
  codec: codecs,
  websocket: webSockets,
  growth: growing,
  idle: idling,
  view: viewing,
  tcp: pipes,
  udp: datagrams,
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: Object.keys(parts).join(',') },
  },
})
const rounds = Number(values.rounds)
const names = values.only.split(',')
const unknown = names.find((name) => parts[name] === undefined)
if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`--rounds takes a whole number from 1, --only some of ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
for (const [name, part] of Object.entries(parts)) if (names.includes(name)) await measurePart(part, rounds)
