// Send a picture as soon as it is dropped, pasted or chosen. Without this script, a button sends it.
const form = document.querySelector("form");
const input = form.elements.picture;
const status = document.querySelector("#status");
const limit = Number(form.dataset.megabytes);

function refuse(why) {
  status.textContent = why;
  form.reset();
}

function send(files) {
  if (!files.length) return;
  if (files.length > 1) return refuse("Send one picture at a time.");
  if (files[0].size > limit * 1e6) {
    const size = (files[0].size / 1e6).toFixed(1);
    return refuse(`${files[0].name} has ${size} MB; the limit is ${limit} MB.`);
  }
  input.files = files;
  status.textContent = `Classifying ${files[0].name} …`;
  form.setAttribute("aria-busy", "true");
  form.submit();
}

form.querySelector("button").hidden = true;
form.querySelector(".drop").addEventListener("click", (event) => {
  if (event.target !== input && event.target.htmlFor !== input.id) input.click();
});
input.addEventListener("change", () => send(input.files));
document.addEventListener("paste", (event) => send(event.clipboardData.files));
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.toggle("over", name === "dragenter" || name === "dragover");
    if (name !== "drop") return;
    const [first] = event.dataTransfer.items;
    if (first?.webkitGetAsEntry()?.isDirectory) refuse("This is a folder; send one picture.");
    else send(event.dataTransfer.files);
  });
}
// The user came back from the next page: reset the form.
addEventListener("pageshow", () => {
  form.reset();
  form.removeAttribute("aria-busy");
  status.textContent = "";
});
