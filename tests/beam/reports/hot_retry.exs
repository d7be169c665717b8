# A job that is tried again by recursion as soon as it has raised, and one that goes on by handle_continue.
defmodule Supply do
  # There are both from the 121st time on.
  def is_there(what) do
    at = if what == :paper, do: 1, else: 2
    :counters.add(asked(), at, 1)
    :counters.get(asked(), at) > 120
  end
  def asked, do: :persistent_term.get(__MODULE__)
end
defmodule Press do
  def print(page) do
    if Supply.is_there(:paper), do: {:printed, page}, else: raise("no paper for #{page}")
  end
end
defmodule Clerk do
  def copy(page, tries) do
    case attempt(page) do
      {:printed, _} = done -> {done, tries}
      # BUG: at once again
      {:error, _} -> copy(page, tries + 1)
    end
  end
  def attempt(page) do
    Press.print(page)
  rescue
    error -> {:error, Exception.message(error)}
  end
end
defmodule Lift do
  use GenServer
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: {:ok, %{floor: 0}, {:continue, :up}}
  @impl true
  def handle_continue(:up, s) do
    case Motor.run() do
      :ok -> {:noreply, %{s | floor: 1}}
      :error -> {:noreply, s, {:continue, :up}}
    end
  end
end
defmodule Motor do
  def run, do: if(Supply.is_there(:power), do: :ok, else: :error)
end
defmodule Main do
  def run do
    :persistent_term.put(Supply, :counters.new(2, []))
    {pid, ref} = spawn_monitor(fn -> Clerk.copy("page 7", 0) end)
    receive do: ({:DOWN, ^ref, :process, ^pid, _} -> :ok)
    {:ok, _} = Lift.start()
    Process.sleep(50)
  end
end
