import { testTargets } from './gate.ts'
import { wireTargets } from './targets.ts'

testTargets(wireTargets)
