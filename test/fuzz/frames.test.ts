import { testTargets } from './gate.ts'
import { frameTargets } from './targets.ts'

testTargets(frameTargets)
