// The page's script: plots that share one table, its filters and its order.
//
// The table's cells are the data. Filters hide rows of the table and marks of the linked plots; the
// setting under the pointer is ringed in each of them; what is picked by a click stays, the rest
// fades. Everything from the results is put into the page as text, never as HTML.
(function () {
  "use strict";
  const table = document.getElementById("settings");
  const form = document.getElementById("filters");
  const tooltip = document.getElementById("tooltip");
  const picks = document.getElementById("picks");
  const { plots, config, shared, linked } = JSON.parse(document.getElementById("plots").textContent);
  const ERRORS = 1; // of Vega's log, and not what it says of filters that let nothing pass
  const SVG_MARKS = 600; // more marks than this are drawn on a canvas

  const columns = [...table.tHead.rows[0].cells].map((head) => ({
    head, key: head.dataset.key, title: head.textContent, number: "number" in head.dataset,
  }));
  const body = table.tBodies[0];
  const rows = [...body.rows].map((line, id) => {
    const row = { ...shared, id };
    columns.forEach(({ key, number }, n) => {
      const text = line.cells[n].textContent.trim();
      row[key] = number && key !== "top1_interval" ? parsed(text) : text;
    });
    [row.top1_low, row.top1_high] = (row.top1_interval || "–").split("–").map(parsed);
    row.front = Boolean(row.front);
    line.dataset.id = id;
    const texts = [...line.cells].map((cell) => cell.textContent);
    return { row, line, text: [...texts, ...Object.values(shared)].join(" ").toLowerCase() };
  });

  function parsed(text) {
    return text === "" ? null : Number(text.replaceAll(",", ""));
  }

  // Filters: a row is shown where every control lets it pass.
  let shown = rows;
  function filter() {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const methods = [...form.querySelectorAll("[name=method]")];
    const allowed = new Set(methods.filter((box) => box.checked).map((box) => box.value));
    const choices = [...form.querySelectorAll("select")].filter((select) => select.value);
    const front = form.elements.front && form.elements.front.checked;
    shown = rows.filter(({ row, text }) =>
      (!methods.length || !row.method || allowed.has(row.method)) &&
      choices.every((select) => row[select.name] === select.value) &&
      (!front || row.front) && words.every((word) => text.includes(word)));
    rows.forEach(({ line }) => { line.hidden = true; });
    shown.forEach(({ line }) => { line.hidden = false; });
    document.getElementById("shown").textContent = `${shown.length} of ${rows.length} settings`;
    views.forEach(fill);
  }

  // Order: by a column, rising, then falling; what is missing comes last.
  function sort(column) {
    const falling = column.head.getAttribute("aria-sort") === "ascending";
    columns.forEach(({ head }) => head.removeAttribute("aria-sort"));
    column.head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const key = ({ row }) => row[column.key === "top1_interval" ? "top1_low" : column.key];
    const missing = (value) => value === null || value === "" || value === false;
    const ordered = [...rows].sort((left, right) => {
      const [a, b] = [key(left), key(right)];
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      const order = column.number ? a - b
        : String(a).localeCompare(String(b), "en", { numeric: true });
      return falling ? -order : order;
    });
    body.append(...ordered.map(({ line }) => line));
  }
  columns.forEach((column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...column.head.childNodes);
    button.addEventListener("click", () => sort(column));
    column.head.append(button);
  });

  // Picked settings: by a click on a mark or a line of the table; with Shift, more than one.
  let picked = [];
  function pick(id, more) {
    const was = picked.includes(id);
    const kept = more ? picked.filter((one) => one !== id) : [];
    picked = id < 0 || (was && (more || picked.length === 1)) ? kept : [...kept, id];
    rows.forEach(({ line, row }) => line.classList.toggle("picked", picked.includes(row.id)));
    picks.hidden = !picked.length;
    picks.firstElementChild.textContent = picked.map((one) => rows[one].row.name).join("; ");
    views.forEach((view) => view.signal("picked", picked).runAsync());
  }
  picks.querySelector("button").addEventListener("click", () => pick(-1, false));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") pick(-1, false); });
  body.addEventListener("mousedown", (event) => { // with Shift it would select text
    if (event.shiftKey) event.preventDefault();
  });
  body.addEventListener("click", (event) => {
    const isCopying = String(document.getSelection()) !== "";
    if (!isCopying) pick(Number(event.target.closest("tr").dataset.id), event.shiftKey);
  });

  let hovered = -1;
  function hover(id) {
    if (id === hovered) return;
    hovered = id;
    views.forEach((view) => view.signal("hovered", id).runAsync());
  }
  const settingOf = (item) =>
    item && item.mark.marktype !== "line" && item.datum && item.datum.id >= 0 ? item.datum.id : -1;

  // The tooltip: of a setting all that is known, else what the plot names.
  function tell(_, event, item, value) {
    if (value === null || value === undefined || value === "") {
      tooltip.hidden = true;
      return;
    }
    const id = settingOf(item);
    const pairs = id < 0 ? Object.entries(value) : columns.filter(({ key }) => key !== "front")
      .map(({ title }, n) => [title, rows[id].line.cells[n].textContent]).filter(([, text]) => text);
    tooltip.replaceChildren(...pairs.map(([title, text]) => {
      const line = document.createElement("div");
      const name = document.createElement("span");
      name.textContent = title;
      line.append(name, ` ${text}`);
      return line;
    }));
    tooltip.hidden = false;
    const { width, height } = tooltip.getBoundingClientRect();
    const [x, y] = [event.clientX, event.clientY];
    tooltip.style.left = `${Math.max(4, x + 14 + width > innerWidth ? x - 14 - width : x + 14)}px`;
    tooltip.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - height - 4))}px`;
  }

  // A table works without its plots, so it comes first.
  const views = [];
  document.querySelectorAll(".script").forEach((element) => { element.hidden = false; });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
  for (const [name, plot] of Object.entries(plots)) draw(name, plot);

  async function draw(name, plot) {
    const isLinked = linked.includes(name);
    const given = shown;
    if (isLinked) plot.datasets = { rows: data() };
    const { view } = await vegaEmbed(document.getElementById(name), plot, {
      mode: "vega-lite", config, logLevel: ERRORS, actions: false, defaultStyle: false, tooltip: tell,
      renderer: isLinked && rows.length > SVG_MARKS ? "canvas" : "svg",
    });
    if (!isLinked) return;
    view.addEventListener("mouseover", (_, item) => hover(settingOf(item)));
    view.addEventListener("mouseout", () => hover(-1));
    view.addEventListener("click", (event, item) => pick(settingOf(item), event.shiftKey));
    views.push(view);
    if (shown !== given) fill(view);
  }

  function data() {
    return shown.map(({ row }) => ({ ...row })); // Vega marks the rows that it is given
  }

  function fill(view) {
    view.data("rows", data());
    view.signal("hovered", hovered).signal("picked", picked).runAsync();
  }
})();
