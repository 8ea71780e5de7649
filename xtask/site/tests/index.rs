//! The page that leads into the site.

use askama::Template;
use site::index::{Index, run_page};
use stages::STAGES;
use xtask::lab::matrix::{Matrix, Step};
use xtask::lab::scenario::SCENARIOS;

/// Whatever stages and attacks there are.
#[test]
fn every_stage_and_attack_has_a_page_and_stands_by_its_part_and_by_the_step_that_closed_it() {
    let matrix = Matrix::known(STAGES);
    let html = Index::new(&matrix).render().unwrap();
    for stage in STAGES {
        let link = format!("<a href=\"{}\">", run_page(stage.name));
        assert_eq!(html.matches(&link).count(), 2, "{}", stage.name);
    }
    let parts: Vec<_> = STAGES.chunk_by(|a, b| a.package() == b.package()).collect();
    for part in &parts {
        let name = part[0].package().replace("part", "Part ");
        let head = format!("colspan=\"{}\" scope=\"colgroup\">{name}</th>", part.len());
        assert!(html.contains(&head), "{head}");
        assert!(html.contains(&format!("<h3>{name}</h3>")), "{name}");
    }

    let table = html.split_once("<thead>").unwrap().1;
    let bodies: Vec<_> = table.split("<tbody>").skip(1).collect();
    let groups = matrix.groups();
    assert_eq!(bodies.len(), groups.len());
    for (body, group) in bodies.iter().zip(&groups) {
        let heading = group.step.heading().unwrap_or_default();
        let step = format!(
            "<tr class=\"step\"><th scope=\"rowgroup\" colspan=\"{}\">{heading}</th>",
            STAGES.len() + 2
        );
        assert_eq!(body.contains(&step), group.step != Step::Control, "{step}");
        let named = body.matches("<th scope=\"row\"><b>").count();
        assert_eq!(named, group.rows.len(), "{heading}");
        for row in &group.rows {
            assert!(body.contains(&format!("<b>{}</b>", row.scenario.attack.name)), "{heading}");
        }
    }
    assert_eq!(groups.iter().map(|group| group.rows.len()).sum::<usize>(), SCENARIOS.len());
    let cell = "<td class=\"open\" data-label=\"hmac\" title=\"\">\
                <a href=\"attacks/replay-part2-hmac.html\">✗ open</a></td>";
    assert!(html.contains(cell), "{html}");
    let closed = "<a href=\"attacks/replay-part2-aead.html\">✓ closed</a></td>";
    assert!(html.contains(closed), "{html}");
    assert!(!html.contains("attacks/replay-part1-plain.html"));
}
