import { testTargets } from './gate.ts'
import { textTargets } from './targets.ts'

testTargets(textTargets)
