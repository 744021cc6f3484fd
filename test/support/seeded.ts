/**
 * Loaded before every test file: properties without a seed of their own take the seed of the run, so that two runs of
 * the same code try the same values. `npm run chaos` runs them with new seeds.
 */
import fc from 'fast-check'
import { seedOfRun } from './random.ts'

fc.configureGlobal({ seed: seedOfRun() })
