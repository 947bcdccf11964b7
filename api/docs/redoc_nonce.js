// The name under which styled-components, inside ReDoc, looks for the nonce of its style element.
window.__webpack_nonce__ = document.currentScript.nonce;
