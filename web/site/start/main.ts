import { makeDemo } from './demo.ts';

const button = document.querySelector<HTMLButtonElement>('#demo');
const state = document.querySelector<HTMLElement>('#demo-state');

button?.addEventListener('click', async () => {
  if (!button || !state) return;
  button.disabled = true;
  try {
    await makeDemo((step) => {
      state.textContent = step;
    });
    state.textContent = 'They are there. Open Alice’s chat, or Agnes’s desk.';
  } catch (error) {
    state.textContent = `That did not work: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    button.disabled = false;
  }
});
