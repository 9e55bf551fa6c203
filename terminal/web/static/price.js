// The chart that was made on the server, made again to be moved in: same numbers, drawn by plotly from our own origin.
"use strict";

const place = document.getElementById("price");
const data = JSON.parse(document.getElementById("price-data").textContent);

/** A colour as the browser has resolved it: plotly does not know light-dark(). */
function resolved(name) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function draw() {
  const marks = data.marks;
  const sign = (mark) => (mark.z === null ? "--soft" : mark.z > 0 ? "--up" : "--down");
  const traces = [
    { x: data.dates, y: data.levels, mode: "lines", name: "level", line: { color: resolved("--accent"), width: 1.5 }, hoverinfo: "x+y" },
    {
      x: marks.map((mark) => mark.date), y: marks.map((mark) => mark.level), mode: "markers", name: "events",
      text: marks.map((mark) => `${mark.type}${mark.z === null ? "" : ` ${mark.z > 0 ? "+" : ""}${mark.z}σ`}`),
      hoverinfo: "x+text",
      marker: { size: 10, color: marks.map((mark) => resolved(sign(mark))), line: { color: resolved("--page"), width: 1 } },
    },
  ];
  const axis = () => ({ gridcolor: resolved("--line"), zeroline: false }); // one each: plotly writes into it
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: resolved("--soft"), size: 12 },
    margin: { l: 44, r: 14, t: 12, b: 34 }, height: 320, showlegend: false, hovermode: "closest", xaxis: axis(), yaxis: axis(),
  };
  return Plotly.react(place, traces, layout, { displaylogo: false, displayModeBar: false, responsive: true });
}

if (window.Plotly) {
  place.replaceChildren();
  draw();
  document.addEventListener("rhyme:theme", draw);
}
