/** What Buildah adds to what a command has printed. */
export const engineMessage = /^(?:subprocess exited (?:with status|on)|Error: exit status)/;
