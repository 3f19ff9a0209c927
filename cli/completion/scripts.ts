/**
 * What each shell evaluates. All three ask the hidden command `complete` with the words so far, the last of which is being written; it
 * answers one candidate a line. It ends at once for a shell that waits for a keystroke, and says nothing if it cannot answer.
 */
export const scripts = {
  // https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html: a colon separates words there, and names have one.
  bash: `_slipway() {
  local line="\${COMP_LINE:0:COMP_POINT}" words word candidates
  read -ra words <<< "$line"
  [[ "$line" == *' ' ]] && words+=('')
  word="\${words[-1]}"
  mapfile -t candidates < <(slipway complete -- "\${words[@]:1}" 2>/dev/null)
  [[ "$word" == *:* ]] && candidates=("\${candidates[@]#"\${word%:*}:"}")
  COMPREPLY=("\${candidates[@]}")
}
complete -o default -F _slipway slipway
`,
  zsh: `#compdef slipway
_slipway() {
  local -a candidates
  candidates=("\${(@f)$(slipway complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- "\${(@)candidates:#}" || _files
}
compdef _slipway slipway
`,
  fish: `complete -c slipway -a '(slipway complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const;
