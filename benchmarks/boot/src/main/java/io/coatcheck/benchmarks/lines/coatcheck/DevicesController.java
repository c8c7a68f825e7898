package io.coatcheck.benchmarks.lines.coatcheck;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.servlet.OwnSession;
import io.coatcheck.session.servlet.WebSession;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class DevicesController {

  record Device(String id, String browser, String address, Instant lastSeen, boolean current) {

    static Device of(OwnSession session) {
      SessionInfo info = session.info();
      return new Device(
          info.id().toString(),
          info.userAgent().orElse(""),
          info.clientAddress().orElse(""),
          info.lastSeenAt(),
          session.isCurrent());
    }
  }

  @GetMapping("/devices")
  List<Device> devices(HttpServletRequest request) {
    return WebSession.of(request).sessions().stream().map(Device::of).toList();
  }

  @PostMapping("/devices/{id}/sign-out")
  void signOut(@PathVariable String id, HttpServletRequest request) {
    WebSession.of(request).revoke(id);
  }

  @PostMapping("/devices/sign-out-everywhere")
  void signOutEverywhere(HttpServletRequest request) {
    WebSession.of(request).logoutEverywhere();
  }
}
