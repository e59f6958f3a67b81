import { KeyBackendError } from '../errors.ts'
import type { MasterKey } from './types.ts'

/**
 * Loads a package that is needed for one kind of key only. Such packages are optional dependencies.
 * @throws KeyBackendError not-installed, with the package's name
 */
export async function loadSdk<T>(name: string, key: MasterKey, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const message = `the package ${name} is needed for ${key.type} keys and could not be loaded`
    throw new KeyBackendError(key.type, key.id, 'not-installed', message, { cause, hint: `npm install ${name}` })
  }
}
