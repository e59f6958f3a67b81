// Every kind of configuration, once.
import type { Configuration } from '../configuration.ts'
import { ksops } from './ksops.ts'
import { sopsGenerator } from './sops-generator.ts'
import { sopsSecretGenerator } from './sops-secret-generator.ts'
import { sopsSecret } from './sops-secret.ts'
import { sopsTransformer } from './sops-transformer.ts'

export const configurations: readonly Configuration[] = [
  sopsGenerator,
  sopsTransformer,
  ksops,
  sopsSecretGenerator,
  sopsSecret,
]
