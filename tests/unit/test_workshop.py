"""The plan of the workshop: its minutes, and what each of its parts has in the lesson."""

from app.content import LANGUAGES, load
from app.content.page_specs import PAGE_SPECS
from app.flow.build.tasks import TaskId
from app.flow.lessons.workshop import MINUTES, PARTS, schedule


def test_the_parts_fill_the_time_without_a_gap() -> None:
    plan = list(schedule())
    assert [begins for _, begins, _ in plan] == [0, *(ends for *_, ends in plan[:-1])]
    assert plan[-1][2] == MINUTES


def test_each_part_leaves_time_beside_what_a_script_needed() -> None:
    """For the instructor, and for questions: at least a third."""
    assert [part.id for part in PARTS if not 0 < part.rehearsed <= part.minutes * 2 / 3] == []


def test_each_part_has_its_section_in_order() -> None:
    anchors = PAGE_SPECS["workshop"].anchors
    assert [anchor for anchor in anchors if anchor.startswith("part-")] == [f"part-{part.id}" for part in PARTS]


def test_what_the_late_press_is_called_as_the_lesson_says() -> None:
    for language in LANGUAGES:
        content = load(language)
        for number, part in enumerate(PARTS, 1):
            if part.world:
                tasks = list(TaskId).index(part.world)
                key = f"workshop.late.{'later' if tasks else 'first'}"
                label = content.message(key, number=number, tasks=tasks)
                assert label in content.lesson("workshop").section(f"part-{part.id}").body


def test_the_world_is_fixed_before_the_last_part_shows_it() -> None:
    for language, quoted in ("ja", "「{}」"), ("en", "“{}”"):
        content = load(language)
        button = quoted.format(content.message("lab.strip_revert"))
        assert button in content.lesson("workshop").section("part-doctor").body
