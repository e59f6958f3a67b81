/** The apiVersion of this project's own configurations. */
export const ownApiVersion = 'tsops/v1'
