defmodule Weather do
  def start, do: spawn_link(fn -> loop() end)

  defp loop do
    receive do
      {:forecast, from, ref, city} ->
        send(from, {:forecast, ref, forecast(city)})
        loop()
    end
  end

  defp forecast("Oslo") do
    Process.sleep(40)
    "snow"
  end

  defp forecast("Rome"), do: "sun"
  defp forecast("Cork"), do: "rain"
  defp forecast(_), do: "clouds"
end

defmodule Client do
  def ask(weather, city) do
    ref = make_ref()
    send(weather, {:forecast, self(), ref, city})

    receive do
      {:forecast, ^ref, text} -> {:ok, text}
    after
      25 -> {:error, :timeout}
    end
  end
end

defmodule Main do
  def run do
    weather = Weather.start()
    for city <- ["Rome", "Oslo", "Cork", "Rome", "Bern"], do: Client.ask(weather, city)
    Process.sleep(60)
  end
end
