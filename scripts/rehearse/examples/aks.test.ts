import { testRehearsal } from '../rehearse.fixture.ts'

testRehearsal('aks')
