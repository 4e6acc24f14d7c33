
"use strict";
const words = document.body.dataset;
for (const command of document.querySelectorAll("pre.command")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = words.copy;
  const text = command.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = words.copied;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(command);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = words.selected;
    }
    setTimeout(() => { button.textContent = words.copy; }, 3000);
  });
  command.after(button);
}
for (const link of document.querySelectorAll("a[href^='#finding-']")) {
  link.addEventListener("click", () => {
    const target = document.querySelector(link.getAttribute("href"));
    if (target) { target.open = true; }
  });
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) { details.open = true; }
});
