package io.coatcheck.examples.springboot;

import io.coatcheck.session.servlet.OwnSession;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;

/** The page of devices: where the user is logged in. */
@Controller
class DevicesController {

  /** A session of the user. The id is public: it grants no access. */
  record Device(String id, String name, String address, Instant lastSeenAt, boolean current) {

    static Device of(OwnSession session) {
      return new Device(
          session.info().id().toString(),
          DeviceNames.of(session.info().userAgent()),
          session.info().clientAddress().orElse("unknown address"),
          session.info().lastSeenAt(),
          session.isCurrent());
    }
  }

  @GetMapping("/devices")
  String devices(HttpServletRequest request, Model model) {
    model.addAttribute(
        "devices", WebSession.of(request).sessions().stream().map(Device::of).toList());
    return "devices";
  }

  /** Ends one session. Only a session of the same user is ended, whatever the id. */
  @PostMapping("/devices/{id}/sign-out")
  String signOut(@PathVariable String id, HttpServletRequest request) {
    WebSession.of(request).revoke(id);
    return "redirect:/devices";
  }

  @PostMapping("/devices/sign-out-others")
  String signOutOthers(HttpServletRequest request) {
    WebSession.of(request).logoutOthers();
    return "redirect:/devices";
  }

  @PostMapping("/devices/sign-out-everywhere")
  String signOutEverywhere(HttpServletRequest request) {
    WebSession.of(request).logoutEverywhere();
    return "redirect:/login?everywhere";
  }
}
