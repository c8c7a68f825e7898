package io.coatcheck.session.spring.shop;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.SessionAttributes;
import org.springframework.web.bind.support.SessionStatus;

/** An order over several pages, kept as {@code @SessionAttributes} between them. */
@RestController
@SessionAttributes("draft")
class DraftController {

  @ModelAttribute("draft")
  Draft draft() {
    return new Draft();
  }

  @GetMapping("/draft")
  String show(@ModelAttribute("draft") Draft draft) {
    return draft.toString();
  }

  @PostMapping("/draft")
  String fill(
      @ModelAttribute("draft") Draft draft,
      @RequestParam(defaultValue = "false") boolean done,
      SessionStatus status) {
    if (done) {
      status.setComplete();
    }
    return draft.toString();
  }
}
